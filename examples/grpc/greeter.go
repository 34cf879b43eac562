package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/examples/grpc/greetv1"
)

// greeter is the application's service.
type greeter struct {
	greetv1.UnimplementedGreetServiceServer
	auth *core.Authenticator[*Member]
}

// Greet implements [greetv1.GreetServiceServer].
func (g *greeter) Greet(ctx context.Context, _ *greetv1.GreetRequest) (*greetv1.GreetResponse, error) {
	u, _ := g.auth.User(ctx)
	return &greetv1.GreetResponse{Text: "Hello " + u.Nickname + "!"}, nil
}

// Count implements [greetv1.GreetServiceServer].
func (g *greeter) Count(in *greetv1.CountRequest, out grpc.ServerStreamingServer[greetv1.CountResponse]) error {
	u, _ := g.auth.User(out.Context())
	for i := range min(in.GetTo(), 1000) {
		if err := out.Send(&greetv1.CountResponse{Text: fmt.Sprintf("%s says %d", u.Nickname, i+1)}); err != nil {
			return err
		}
	}
	return nil
}
