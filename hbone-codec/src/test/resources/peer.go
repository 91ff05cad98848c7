// An HBONE client built on Go's net/http.
//
//	go run peer.go PORT CERT KEY ROOT    opens a tunnel, sends 1 MiB and END_STREAM, prints what came back;
//	                                     then one that the server resets, one that it refuses
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
)

func main() {
	cert, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	check(err)
	pem, err := os.ReadFile(os.Args[4])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{
		Certificates:       []tls.Certificate{cert},
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // a SPIFFE certificate has no host name: verified below
		VerifyConnection: func(state tls.ConnectionState) error {
			leaf := state.PeerCertificates[0]
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
			fmt.Println("peer", state.NegotiatedProtocol, leaf.URIs)
			return err
		},
	}
	client := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	payload := bytes.Repeat([]byte("0123456789abcdef"), 65536)
	response := connect(client, "10.1.2.3:8080", bytes.NewReader(payload))
	body, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println("echoed", len(body), bytes.Equal(body, payload), response.Header.Get("x-answer"))
	// Stays open, so that only the server can end it.
	open, _ := io.Pipe()
	body, err = io.ReadAll(connect(client, "10.1.2.3:81", open).Body)
	fmt.Println("read", string(body), err)
	connect(client, "10.1.2.3:82", http.NoBody)
}

func connect(client *http.Transport, authority string, body io.Reader) *http.Response {
	request := &http.Request{Method: "CONNECT", URL: &url.URL{Scheme: "https", Host: "127.0.0.1:" + os.Args[1]}, Host: authority,
		Header: http.Header{"Baggage": {"k=v"}}, Body: io.NopCloser(body), ContentLength: -1}
	response, err := client.RoundTrip(request)
	check(err)
	fmt.Println("status", response.StatusCode)
	return response
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
