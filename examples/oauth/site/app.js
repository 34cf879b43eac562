"use strict";
const at = id => document.getElementById(id);
const title = name => name[0].toUpperCase() + name.slice(1);

const say = text => {
  at("status").textContent = text;
  at("status").hidden = !text;
};

// ask calls the API, and returns the status and what it answered.
const ask = async (method, path, body, type) => {
  const res = await fetch(path, { method, body, headers: type ? { "Content-Type": type } : {} });
  const text = await res.text();
  return { status: res.status, body: text ? JSON.parse(text) : null };
};
const detail = answer => JSON.stringify(answer.body?.detail ?? answer.status);

const button = (text, name, act) => {
  const b = document.createElement("button");
  b.textContent = text;
  b.dataset.do = name;
  b.onclick = act;
  return b;
};

// leave sends the browser to a provider.
const leave = async (flow, provider) => {
  const answer = await ask("GET", `/${flow}/${provider}/authorize`);
  if (answer.status === 200) location = answer.body.authorization_url;
  else say(`Refused: ${detail(answer)}`);
};

const show = async () => {
  const [me, providers] = await Promise.all([ask("GET", "/users/me"), ask("GET", "/providers")]);
  if (me.status !== 200 && me.status !== 401) return say(`Refused: ${detail(me)}`);
  const member = me.status === 200;
  at("visitor").hidden = member;
  at("member").hidden = !member;
  at("login").replaceChildren(...providers.body.map(p => button(`Log in with ${title(p)}`, `login-${p}`, () => leave("login", p))));
  if (!member) return;
  at("email").textContent = me.body.email;
  const accounts = (await ask("GET", "/users/me/accounts")).body;
  at("accounts").replaceChildren(...accounts.map(a => {
    const item = document.createElement("li");
    item.append(`${title(a.oauth_name)}, as ${a.account_email} `, button("Unlink", `unlink-${a.oauth_name}`, () => unlink(a)));
    return item;
  }));
  const free = providers.body.filter(p => !accounts.some(a => a.oauth_name === p));
  at("link").replaceChildren(...free.map(p => button(`Link ${title(p)}`, `link-${p}`, () => leave("link", p))));
};

const unlink = async account => {
  const answer = await ask("DELETE", `/users/me/accounts/${account.oauth_name}?account_id=${encodeURIComponent(account.account_id)}`);
  say(answer.status === 204 ? `${title(account.oauth_name)} is unlinked.` : `Refused: ${detail(answer)}`);
  await show();
};

at("logout").onclick = async () => {
  await ask("POST", "/auth/cookie/logout");
  say("You are logged out.");
  await show();
};

at("password").onsubmit = async event => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  if (event.submitter.value === "register") {
    const made = await ask("POST", "/auth/register", JSON.stringify({ email, password }), "application/json");
    if (made.status !== 201) return say(`Refused: ${detail(made)}`);
  }
  const answer = await ask("POST", "/auth/cookie/login", new URLSearchParams({ username: email, password }));
  say(answer.status === 204 ? "You are logged in." : `Refused: ${detail(answer)}`);
  await show();
};

// What the page that providers lead back to had to say.
say(sessionStorage.getItem("said") ?? "");
sessionStorage.removeItem("said");
show();
