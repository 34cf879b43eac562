// The demo: forms that call the server's routes. The session is a cookie that
// no script can read.
"use strict";

const $ = (id) => document.getElementById(id);

// Texts are what the error codes of the routes mean to a reader.
const texts = {
	LOGIN_BAD_CREDENTIALS: "E-mail or password is wrong.",
	REGISTER_USER_ALREADY_EXISTS: "There is an account with this address.",
	RESET_PASSWORD_BAD_TOKEN: "The token is wrong, was used, or has expired.",
};

// explain returns what went wrong as a sentence.
async function explain(answer) {
	if (answer.status === 429 || answer.status === 503) {
		return `Too much at once. Try again in ${answer.headers.get("Retry-After") ?? "some"} seconds.`;
	}
	const detail = (await answer.json().catch(() => ({}))).detail;
	if (Array.isArray(detail)) {
		return detail.map((e) => `${e.loc.at(-1)}: ${e.msg}`).join("; ");
	}
	return texts[detail] ?? detail?.reason ?? detail ?? `The server answered ${answer.status}.`;
}

function say(text, bad = false) {
	$("status").textContent = text;
	$("status").className = bad ? "bad" : "";
	$("status").hidden = false;
}

// send calls a route with JSON, or with a form where body is URLSearchParams.
function send(method, path, body) {
	const json = body && !(body instanceof URLSearchParams);
	return fetch(path, {
		method,
		headers: json ? { "Content-Type": "application/json" } : {},
		body: json ? JSON.stringify(body) : body,
	});
}

// showForm shows one of the visitor's forms.
function showForm(id) {
	for (const form of $("visitor").querySelectorAll("form")) form.hidden = form.id !== id;
	for (const button of document.querySelectorAll("[data-show]")) {
		button.setAttribute("aria-pressed", button.dataset.show === id);
	}
}

// showUser shows a user's page, or the visitor's without one.
function showUser(user) {
	$("member").hidden = !user;
	$("visitor").hidden = !!user;
	if (!user) return showForm("login");
	$("name").textContent = user.nickname || user.email;
	$("email").textContent = user.email;
	$("verified").textContent = user.is_verified ? "yes" : "no";
	$("id").textContent = user.id;
	$("profile").elements.nickname.value = user.nickname;
}

async function look() {
	const answer = await send("GET", "/users/me");
	showUser(answer.ok ? await answer.json() : null);
}

// on lets a form do what f does with its fields. What f returns is said.
function on(id, f) {
	$(id).addEventListener("submit", async (event) => {
		event.preventDefault();
		const form = event.target, button = form.querySelector("button");
		button.disabled = true;
		try {
			say(await f(Object.fromEntries(new FormData(form))));
			for (const input of form.querySelectorAll("[type=password]")) input.value = "";
		} catch (error) {
			say(error.message, true);
		} finally {
			button.disabled = false;
		}
	});
}

// must returns a good answer, and throws what is wrong with another.
async function must(answer) {
	if (!answer.ok) throw new Error(await explain(answer));
	return answer;
}

async function login(fields) {
	await must(await send("POST", "/auth/cookie/login", new URLSearchParams(fields)));
	await look();
	return "You are logged in.";
}

on("login", login);

on("register", async (fields) => {
	await must(await send("POST", "/auth/register", fields));
	await login({ username: fields.email, password: fields.password });
	return "You are registered and logged in.";
});

on("profile", async (fields) => {
	showUser(await (await must(await send("PATCH", "/users/me", fields))).json());
	return "Saved.";
});

on("password", async (fields) => {
	await must(await send("PATCH", "/users/me", fields));
	await look();
	return "The password is changed.";
});

on("forgot", async (fields) => {
	await must(await send("POST", "/auth/forgot-password", fields));
	showForm("reset");
	return "If there is an account with this address, a token is on its way to it.";
});

on("reset", async (fields) => {
	await must(await send("POST", "/auth/reset-password", fields));
	showForm("login");
	return "The password is set. Log in with it.";
});

on("logout", async () => {
	await must(await send("POST", "/auth/cookie/logout"));
	showUser(null);
	return "You are logged out.";
});

for (const button of document.querySelectorAll("[data-show]")) {
	button.addEventListener("click", () => {
		$("status").hidden = true;
		showForm(button.dataset.show);
	});
}

look();
