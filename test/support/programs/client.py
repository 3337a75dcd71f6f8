"""Calls each URL through a proxy, verifying strictly; one line each: status and TLS version."""
import http.client
import ssl
import sys
from urllib.parse import urlsplit

ca, proxy, version, *urls = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
for url in urls:
    to = urlsplit(url)
    connection = http.client.HTTPSConnection(*proxy.split(":"), context=context)
    connection.set_tunnel(to.hostname, to.port)
    try:
        connection.request("GET", to.path)
        answer = connection.getresponse()
        print(answer.status, connection.sock.version())
        answer.read()
    except Exception as error:
        print(error)
    connection.close()
