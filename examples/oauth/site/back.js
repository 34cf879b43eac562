"use strict";
// The provider has sent the browser here, with a code or an error. The API gets
// the query as it is, with the cookies of this site.
(async () => {
  const [, , flow, provider] = location.pathname.split("/");
  const res = await fetch(`/${flow}/${provider}/callback${location.search}`);
  const text = await res.text();
  let said = flow === "link" ? "The account is linked." : "You are logged in.";
  if (!res.ok) said = `Refused: ${JSON.stringify(JSON.parse(text).detail)}`;
  sessionStorage.setItem("said", said);
  location.replace("/");
})();
