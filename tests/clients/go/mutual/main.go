// golang.org/x/oauth2 with a client certificate (RFC 8705): a transport of net/http, as its package
// documentation shows it. Reads what to do from standard input and prints what came of it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type given struct {
	Issuer      string `json:"issuer"`
	ClientID    string `json:"client_id"`
	APIURL      string `json:"api_url"`
	Root        string `json:"root"`
	Certificate string `json:"certificate"`
	Other       string `json:"other"`
}

type metadata struct {
	Aliases struct {
		TokenURL string `json:"token_endpoint"`
	} `json:"mtls_endpoint_aliases"`
}

func main() {
	var asked given
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	own, other := client(asked, asked.Certificate), client(asked, asked.Other)
	response, err := own.Get(asked.Issuer + "/.well-known/oauth-authorization-server")
	must(err)
	var found metadata
	must(json.NewDecoder(response.Body).Decode(&found))
	config := clientcredentials.Config{
		ClientID:  asked.ClientID,
		TokenURL:  found.Aliases.TokenURL,
		Scopes:    []string{"read"},
		AuthStyle: oauth2.AuthStyleInParams,
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, own)
	token, err := config.Token(ctx)
	must(err)
	fmt.Println(token.TokenType, call(own, asked.APIURL, token), call(other, asked.APIURL, token))
}

// client returns one that presents the certificate in a file of PEM.
func client(asked given, file string) *http.Client {
	certificate, err := tls.LoadX509KeyPair(file, file)
	must(err)
	pem, err := os.ReadFile(asked.Root)
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}
}

func call(client *http.Client, url string, token *oauth2.Token) int {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	must(err)
	token.SetAuthHeader(request)
	response, err := client.Do(request)
	must(err)
	return response.StatusCode
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
