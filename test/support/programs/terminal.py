"""Runs a program on a terminal of its own. Lines of JSON on stdin: {"keys": text} types, {"size": [rows, columns]} resizes."""

import fcntl, json, os, pty, select, signal, struct, sys, termios

pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])


def resize(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(24, 100)
waiting = b""
inputs = [fd, 0]
while True:
    ready, _, _ = select.select(inputs, [], [])
    if fd in ready:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            piece = b""
        if not piece:
            break
        os.write(1, piece)
    if 0 in ready:
        piece = os.read(0, 65536)
        if not piece:
            inputs.remove(0)
            os.kill(pid, signal.SIGHUP)
        waiting += piece
        while b"\n" in waiting:
            line, waiting = waiting.split(b"\n", 1)
            order = json.loads(line)
            if "keys" in order:
                os.write(fd, order["keys"].encode())
            else:
                resize(*order["size"])
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
