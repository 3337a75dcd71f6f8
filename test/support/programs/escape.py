"""
Tries every way out of an isolated run that it knows; prints a JSON object of what came of each: null, or what it got hold of. With names behind
the other arguments only those are tried.
"""

import ctypes
import fcntl
import json
import os
import socket
import stat
import subprocess
import sys

path, abstract, data, port = sys.argv[1:5]
only = sys.argv[5:]
libc = ctypes.CDLL(None, use_errno=True)
found = {}


def attempt(name):
    def run(act):
        if only and name not in only:
            return
        try:
            found[name] = act()
        except Exception:
            found[name] = None

    return run


def call(*args):
    result = libc.syscall(*args)
    return None if result == -1 else result


@attempt("an address of the network")
def _():
    return socket.create_connection(("192.0.2.1", 443), 3) and "connected"


@attempt("the host's loopback")
def _():
    return socket.create_connection(("127.0.0.1", int(port)), 3) and "connected"


@attempt("a datagram")
def _():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))


@attempt("IPv6")
def _():
    return socket.create_connection(("2001:db8::1", 443), 3) and "connected"


@attempt("a name")
def _():
    return socket.getaddrinfo("api.de.test", 443)[0][4]


@attempt("a raw socket")
def _():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1) and "made"


@attempt("a packet socket")
def _():
    return socket.socket(17, socket.SOCK_RAW) and "made"


@attempt("a socket to the host of a virtual machine")
def _():
    return socket.socket(40, socket.SOCK_STREAM) and "made"


@attempt("io_uring")
def _():
    return call(425, 1, ctypes.create_string_buffer(120))


@attempt("a UNIX socket under a path")
def _():
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    return client.recv(10).decode()


@attempt("a UNIX socket under a relative path")
def _():
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.join(os.path.dirname(path), "relative.sock"))
    return client.recv(10).decode()


@attempt("an abstract UNIX socket")
def _():
    client = socket.socket(socket.AF_UNIX)
    client.connect("\0" + abstract)
    return client.recv(10).decode()


@attempt("services of the host")
def _():
    return [name for name in os.listdir("/run") if name in ("docker.sock", "dbus", "systemd", "containerd")] or None


@attempt("the network of the first process")
def _():
    return libc.setns(os.open("/proc/1/ns/net", os.O_RDONLY), 0) == 0 or None


@attempt("the memory of the first process")
def _():
    return libc.ptrace(16, 1, 0, 0) == 0 or None


@attempt("processes of the host")
def _():
    # The first process and this one.
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) not in (1, os.getpid())] or None


@attempt("a route")
def _():
    return subprocess.run(["ip", "link", "add", "d0", "type", "dummy"], capture_output=True).returncode == 0 or None


@attempt("what the proxy keeps")
def _():
    return os.listdir(data) or None


@attempt("what the proxy keeps, under its cover")
def _():
    script = f"umount {data}; umount -l {data}; ls -A {data}"
    return subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True).stdout or None


@attempt("the keyboard of the person outside")
def _():
    return fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), 0x5412, b"x") == 0 or None


@attempt("a program that the kernel runs")
def _():
    # What is there is written back: nothing changes where it may be written.
    pattern = open("/proc/sys/kernel/core_pattern").read()
    return open("/proc/sys/kernel/core_pattern", "w").write(pattern)


@attempt("knobs of the kernel, under another cover")
def _():
    script = "umount /proc/sys; mount -o remount,bind,rw /proc/sys; cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern && echo written"
    return subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True).stdout or None


@attempt("knobs of devices")
def _():
    # Writing nothing changes nothing; whether it may be opened for that is what counts.
    return os.open("/sys/kernel/mm/transparent_hugepage/enabled", os.O_WRONLY) and "opened"


@attempt("the disks")
def _():
    return [name for name in os.listdir("/dev") if stat.S_ISBLK(os.stat("/dev/" + name).st_mode)] or None


@attempt("a device of its own")
def _():
    os.mknod("/tmp/disk-of-its-own", stat.S_IFBLK | 0o600, os.makedev(7, 0))
    os.unlink("/tmp/disk-of-its-own")
    return "made"


@attempt("the rights of another")
def _():
    return os.setuid(1 if os.getuid() == 0 else 0) or "became another"


print(json.dumps(found))
