// Whether Go trusts who answers at an address: `go run trusts.go HOST PORT`. Says `trusted: true` or `trusted: false`, and nothing where it cannot be told.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	_, err := tls.DialWithDialer(dialer, "tcp", net.JoinHostPort(os.Args[1], os.Args[2]), nil)
	var unknown x509.UnknownAuthorityError
	if err == nil || errors.As(err, &unknown) {
		fmt.Printf("trusted: %t\n", err == nil)
	}
}
