"""Calls one URL through a proxy again and again, offering the newest session; one line each: whether it was resumed."""
import socket
import ssl
import sys
from urllib.parse import urlsplit

ca, proxy, version, times, url = sys.argv[1:]
to = urlsplit(url)
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
session = None
for _ in range(int(times)):
    host, port = proxy.split(":")
    raw = socket.create_connection((host, int(port)))
    raw.sendall(f"CONNECT {to.netloc} HTTP/1.1\r\nHost: {to.netloc}\r\n\r\n".encode())
    while not raw.recv(4096).endswith(b"\r\n\r\n"):
        pass
    secure = context.wrap_socket(raw, server_hostname=to.hostname, session=session)
    secure.sendall(f"GET / HTTP/1.1\r\nHost: {to.netloc}\r\nConnection: close\r\n\r\n".encode())
    while secure.recv(4096):
        pass
    print(secure.session_reused)
    session = secure.session
    secure.close()
