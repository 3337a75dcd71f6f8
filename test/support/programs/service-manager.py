"""
Starts a program as systemd does: with a listening socket under the name given, and a socket to report to. Prints what is reported, a JSON string a
line, and first the port. Ends with the program, with its exit code.
"""

import json
import os
import signal
import socket
import sys
import tempfile

name, watchdog_us, *command = sys.argv[1:]
port = socket.create_server(("127.0.0.1", 0), backlog=64)
print(port.getsockname()[1], flush=True)
reports = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
place = os.path.join(tempfile.mkdtemp(), "notify")
reports.bind(place)
reports.settimeout(0.2)

child = os.fork()
if child == 0:
    os.dup2(port.fileno(), 3)
    os.set_inheritable(3, True)
    environment = {
        **os.environ,
        "LISTEN_FDS": "1",
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDNAMES": name,
        "NOTIFY_SOCKET": place,
        "WATCHDOG_USEC": watchdog_us,
        "WATCHDOG_PID": str(os.getpid()),
    }
    os.execvpe(command[0], command, environment)

signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
status = None
while status is None:
    try:
        print(json.dumps(reports.recv(4096).decode()), flush=True)
    except socket.timeout:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
os.unlink(place)
os.rmdir(os.path.dirname(place))
sys.exit(status)
