// golang.org/x/oauth2 with a signed assertion (RFC 7523), as its package documentation shows
// parameters of one's own. Reads what to do from standard input and prints what came of it.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type given struct {
	Issuer   string            `json:"issuer"`
	TokenURL string            `json:"token_url"`
	ClientID string            `json:"client_id"`
	APIURL   string            `json:"api_url"`
	Key      map[string]string `json:"key"`
}

func main() {
	var asked given
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	config := clientcredentials.Config{
		ClientID:  asked.ClientID,
		TokenURL:  asked.TokenURL,
		Scopes:    []string{"read"},
		AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion(asked)},
		},
	}
	ctx := context.Background()
	token, err := config.Token(ctx)
	must(err)
	response, err := oauth2.NewClient(ctx, oauth2.StaticTokenSource(token)).Get(asked.APIURL)
	must(err)
	defer response.Body.Close()
	var organization struct {
		ID string `json:"id"`
	}
	must(json.NewDecoder(response.Body).Decode(&organization))
	fmt.Println(token.TokenType, response.StatusCode, organization.ID)
}

// assertion returns an ES256 JWT of the client's own making.
func assertion(asked given) string {
	jti := make([]byte, 16)
	_, err := rand.Read(jti)
	must(err)
	claims := map[string]any{
		"iss": asked.ClientID, "sub": asked.ClientID, "aud": asked.Issuer,
		"exp": time.Now().Unix() + 60, "jti": encode(jti),
	}
	content := part(map[string]any{"alg": "ES256", "kid": asked.Key["kid"]}) + "." + part(claims)
	key := &ecdsa.PrivateKey{D: number(asked.Key["d"])}
	key.Curve, key.X, key.Y = elliptic.P256(), number(asked.Key["x"]), number(asked.Key["y"])
	digest := sha256.Sum256([]byte(content))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	must(err)
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return content + "." + encode(signature)
}

func part(members map[string]any) string {
	text, err := json.Marshal(members)
	must(err)
	return encode(text)
}

func encode(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

func number(text string) *big.Int {
	octets, err := base64.RawURLEncoding.DecodeString(text)
	must(err)
	return new(big.Int).SetBytes(octets)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
