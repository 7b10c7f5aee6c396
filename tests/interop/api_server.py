#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that behaves like the Kubernetes API or Rancher's metadata service, and misbehaves as the test tells it.

    api_server.py [--certificate FILE --key FILE]

It listens on a free port of 127.0.0.1, writes `port N`, then one line for each request: its path and the bearer token
as `token=...`. Commands come on standard input, one a line, each answered with `done`:

    nodes IP...          who is there; `cached IP...` is what a request with resourceVersion=0 is told
    many N               N nodes
    raw TEXT             the item list is this JSON
    token TEXT           what the bearer token must be; otherwise 401
    namespace NAME       the one that may be listed; otherwise 403
    selector TEXT        what the label selector must be; otherwise nobody fits
    page N               items of one page; 0: as many as are asked for
    forget               the next `continue` is answered 410
    mode ok|garbage|half|status N|redirect|empty
"""

import argparse
import base64
import http.server
import json
import ssl
import sys
import threading
import urllib.parse


class State:
    nodes = []
    cached = []
    raw = None
    token = None
    namespace = "ns"
    selector = None
    page = 0
    forget = False
    mode = ["ok"]
    lock = threading.Lock()


def address_of(ip):
    return {"ip": ip, "hostname": "h-" + ip.replace(".", "-").replace(":", "-"),
            "targetRef": {"kind": "Pod", "namespace": "ns1"}}


def endpoints(ips):
    return [{"metadata": {"name": "svc"}, "subsets": [{"addresses": [address_of(ip)],
                                                       "notReadyAddresses": [address_of("10.9.9.9")]}]} for ip in ips]


def pods(ips):
    return [{"metadata": {"namespace": "ns1"}, "spec": {"hostname": address_of(ip)["hostname"]},
             "status": {"phase": "Running", "podIP": ip}} for ip in ips]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, fields=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, message):
        self.answer(status, {"kind": "Status", "status": "Failure", "message": message, "code": status})

    def do_GET(self):  # noqa: N802, the name is http.server's
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        print(f"request {self.path} token={token}", flush=True)
        with State.lock:
            if State.mode[0] == "status":
                return self.refuse(int(State.mode[1]), "told so")
            if State.mode[0] == "redirect":
                return self.answer(302, b"", [("Location", "/elsewhere")])
            if State.mode[0] == "garbage":
                return self.answer(200, b"{\"items\": [<html>\xff\xfe")
            if State.mode[0] == "half":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"{\"items\": [")
                self.close_connection = True
                return None
            if self.path == "/latest/self/service" or self.path == "/base/latest/self/service":
                return self.rancher()
            return self.kubernetes(token)

    def rancher(self):
        if State.raw is not None:
            return self.answer(200, State.raw.encode())
        ips = [] if State.mode[0] == "empty" else State.nodes
        self.answer(200, {"name": "svc", "containers": [{"ips": [ip, "172.16.0.1"]} for ip in ips] + [{"ips": []}]})
        return None

    def kubernetes(self, token):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = url.path.strip("/").split("/")
        if State.token is not None and token != State.token:
            return self.refuse(401, "Unauthorized")
        if parts[:3] != ["api", "v1", "namespaces"] or parts[4] not in ("endpoints", "pods"):
            return self.refuse(404, "the server could not find the requested resource")
        if parts[3] != State.namespace:
            return self.refuse(403, f"{parts[4]} is forbidden: cannot list resource in the namespace {parts[3]}")
        ips = State.cached if query.get("resourceVersion") == "0" else State.nodes
        if State.mode[0] == "empty" or State.selector not in (None, query.get("labelSelector")):
            ips = []
        begin = 0
        if "continue" in query:
            begin = int(base64.b64decode(query["continue"]))
            if State.forget:
                State.forget = False
                return self.refuse(410, "The provided continue parameter is too old")
        limit = State.page or int(query.get("limit", "0")) or len(ips)
        some = ips[begin:begin + limit]
        if State.raw is not None:
            return self.answer(200, State.raw.encode())
        metadata = {"resourceVersion": "7"}
        if begin + limit < len(ips):
            metadata["continue"] = base64.b64encode(str(begin + limit).encode()).decode()
        items = pods(some) if parts[4] == "pods" else endpoints(some)
        return self.answer(200, {"kind": "List", "metadata": metadata, "items": items})


def obey(words):
    verb, rest = words[0], words[1:]
    with State.lock:
        if verb in ("nodes", "cached"):
            setattr(State, verb, rest)
            State.raw = None
        elif verb == "many":
            State.nodes = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(int(rest[0]))]
        elif verb == "page":
            State.page = int(rest[0])
        elif verb == "forget":
            State.forget = True
        elif verb == "mode":
            State.mode = rest
        else:
            setattr(State, verb, " ".join(rest))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        # The handshake belongs to the thread of the connection, so that a client that gives up stops nobody else.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(f"port {server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        if line.strip():
            obey(line.split())
            print("done", flush=True)


if __name__ == "__main__":
    main()
