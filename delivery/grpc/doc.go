// Package grpcauth serves usher over gRPC: the services of the protobuf package
// usher.v1, and interceptors that protect the application's own services. It
// takes the same [core.Authenticator], with the same transports, and the same
// [core.Schema] as the HTTP delivery, and knows the same error codes.
//
//	api, err := grpcauth.New(auth, grpcauth.Config[*Member]{
//		Schema: schema,
//		Policies: map[string]core.Policy[*Member]{
//			greetv1.GreetService_Greet_FullMethodName: {Verified: true},
//		},
//	}, grpcauth.Auth{}, grpcauth.Register{}, grpcauth.Reset{}, grpcauth.Verify{}, grpcauth.Users{})
//	srv := grpcauth.NewServer(api, grpcauth.ServerConfig{})
//	greetv1.RegisterGreetServiceServer(srv, greeter{auth})
//	err = srv.Run(ctx, listener)
//
// # Policies
//
// A method is open to whom its policy allows, and a method without a policy to
// nobody: the call fails with PERMISSION_DENIED, and [Server.Run] does not even
// start. Config.Public lists the methods that anybody may call. Behind the
// interceptors, the Session and User methods of the authenticator find the
// user in the context.
//
// A stream is checked when it begins and from time to time while it is open,
// so that it does not outlive a session that was ended or a user who was
// banned.
//
// # Errors
//
// A status carries a google.rpc.ErrorInfo of the domain "usher", whose reason
// is the code that the HTTP delivery answers; a BadRequest where fields are
// wrong; and a RetryInfo where it is worth trying again later. An error that
// is not one of core's is an outage: it is logged, and the client gets
// UNAVAILABLE and no reason. A panic is logged and answered with INTERNAL.
// Errors of the application's own methods pass as they are.
package grpcauth
