// A client of the example: node client.js ADDRESS
"use strict";

const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const root = process.env.USHER_ROOT || path.join(__dirname, "../../..");
const definition = loader.loadSync(
  [
    "usher/v1/registration.proto",
    "usher/v1/authentication.proto",
    "usher/v1/user_service.proto",
    "greet/v1/greet.proto",
  ],
  {
    keepCase: true,
    defaults: true,
    includeDirs: [path.join(root, "delivery/grpc/proto"), path.join(root, "examples/grpc/proto")],
  },
);
const { usher, greet } = grpc.loadPackageDefinition(definition);

// client returns a client of a service whose methods return promises.
function client(Service) {
  const stub = new Service(process.argv[2], grpc.credentials.createInsecure());
  return (method, message, metadata = new grpc.Metadata()) =>
    new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + 30000);
      stub[method](message, metadata, { deadline }, (err, answer) => (err ? reject(err) : resolve(answer)));
    });
}

async function main() {
  const registration = client(usher.v1.RegistrationService);
  const authentication = client(usher.v1.AuthenticationService);
  const users = client(usher.v1.UserService);
  const greeting = client(greet.v1.GreetService);

  const email = `node-${Date.now()}@example.com`;
  const fields = { fields: { nickname: { stringValue: "Noa" } } };
  const registered = await registration("Register", { user: { email, password: "correct horse", fields } });
  console.log("registered:", registered.user.email === email, registered.user.fields.fields.nickname.stringValue);

  const session = await authentication("Login", { backend: "bearer", email, password: "correct horse" });
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${session.access_token}`);

  const me = await users("GetMe", {}, metadata);
  console.log("me:", me.user.id === registered.user.id, me.user.is_active);

  const greeted = await greeting("Greet", {}, metadata);
  console.log("greeted:", greeted.text);

  try {
    await greeting("Greet", {});
  } catch (err) {
    console.log("without a token:", grpc.status[err.code], err.details);
  }
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
