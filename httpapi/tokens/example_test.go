package tokens_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/redfire-quant/redfire/httpapi/tokens"
)

func ExampleOpen() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	f := tokens.Open(filepath.Join(folder, "tokens"))
	token, err := f.New(context.Background(), "bot", tokens.Reader)
	if err != nil {
		log.Fatal(err)
	}
	e, err := f.Verify(token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.Name, e.Role, e.Role.Allows(tokens.Writer))
	_, err = f.Verify("rf_stolen")
	fmt.Println(err)
	// Output:
	// bot reader false
	// tokens: verify: the token is missing or not accepted
}
