package tokens_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redfire-quant/redfire/httpapi/tokens"
)

func ExampleOpen() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	f := tokens.Open(filepath.Join(folder, "tokens"))
	token, err := f.New(context.Background(), "bot", tokens.Reader)
	if err != nil {
		panic(err)
	}
	e, err := f.Verify(token)
	fmt.Println(e.Name, e.Role, e.Role.Allows(tokens.Writer), err)
	_, err = f.Verify("rf_stolen")
	fmt.Println(err)
	// Output:
	// bot reader false <nil>
	// tokens: verify: the token is missing or not accepted
}
