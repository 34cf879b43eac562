"use strict";
// The provider has sent the browser here, with a code or an error. The API gets
// the query as it is, with the cookies of this site.
(async () => {
  const [, , flow, provider] = location.pathname.split("/");
  let said = flow === "link" ? "The account is linked." : "You are logged in.";
  try {
    const res = await fetch(`/${flow}/${provider}/callback${location.search}`);
    if (!res.ok) said = `Refused: ${JSON.stringify((await res.json()).detail)}`;
  } catch {
    said = "The server did not answer. Please try again.";
  }
  sessionStorage.setItem("said", said);
  location.replace("/");
})();
