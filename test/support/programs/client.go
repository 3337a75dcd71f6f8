// Calls each URL through a proxy; one line each: status and TLS version.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
)

func main() {
	ca, via, version, urls := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	pem, err := os.ReadFile(ca)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		fmt.Println("no roots in", ca, err)
		os.Exit(1)
	}
	proxy, err := url.Parse(via)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	number := map[string]uint16{"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}[version]
	config := &tls.Config{RootCAs: roots, MinVersion: number, MaxVersion: number}
	for _, each := range urls {
		transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: config}
		answer, err := (&http.Client{Transport: transport}).Get(each)
		if err != nil {
			fmt.Println(err)
			continue
		}
		if answer.TLS.Version == number {
			fmt.Println(answer.StatusCode, version)
		}
		answer.Body.Close()
		transport.CloseIdleConnections()
	}
}
