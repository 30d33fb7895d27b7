"""The model server: serve.py FOLDER [--port 8471]. Python's standard library only.

POST /predict answers which species four measurements are, to everybody on this machine and on FOLDER/server.sock.
PUT /model, on the socket only, takes a new model with the token that the environment's DEPLOY_TOKEN holds. A model is
served once it is on disk and has been read back, all at once; after a restart the last one is served again.
"""

import argparse
import hashlib
import hmac
import json
import math
import os
import pathlib
import signal
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_LIMIT = 16 << 20


class Release:
    """A model with where it came from."""

    def __init__(self, text, commit, pipeline):
        self.text, self.commit, self.pipeline = text, commit, pipeline
        self.digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        model = json.loads(text)
        self.features, self.classes = model["features"], model["classes"]
        self.centre, self.scale = model["centre"], model["scale"]
        self.weights, self.biases = model["weights"], model["biases"]

    MEASUREMENTS = ("sepal_length", "sepal_width", "petal_length", "petal_width")

    def predict(self, flower):
        """The likeliest class of four measurements."""
        if len(flower) != 4 or not all(type(value) in (int, float) and math.isfinite(value) for value in flower):
            raise ValueError("four numbers are wanted: " + ", ".join(self.MEASUREMENTS))
        named = dict(zip(self.MEASUREMENTS, flower))
        inputs = [(named[name] - c) / s for name, c, s in zip(self.features, self.centre, self.scale)]
        scores = [
            bias + sum(value * row[number] for value, row in zip(inputs, self.weights))
            for number, bias in enumerate(self.biases)
        ]
        return self.classes[scores.index(max(scores))]

    def facts(self):
        """What an answer says of the model behind it."""
        return {"model": self.digest[:13] + "…", "commit": self.commit[:7], "pipeline": self.pipeline}


class Shelf:
    """The release that is served, in memory and on disk."""

    def __init__(self, folder, token):
        self.file, self.token = folder / "release.json", token
        self.lock, self.current = threading.Lock(), None
        if self.file.exists():
            self.current = self.read()

    def read(self):
        kept = json.loads(self.file.read_text())
        return Release(kept["text"], kept["commit"], kept["pipeline"])

    def put(self, release):
        """Serves a release from now on."""
        kept = json.dumps({"text": release.text, "commit": release.commit, "pipeline": release.pipeline})
        with self.lock:
            draft = self.file.with_suffix(".new")
            with open(draft, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(kept)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.file)
            self.current = self.read()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self):
        release = self.server.shelf.current
        if self.path != "/":
            return self.answer(404, {"error": "POST /predict, GET /"})
        self.answer(200, dict(release.facts(), digest=release.digest) if release else {"model": None})

    def do_POST(self):
        body = self.body()
        if body is None:
            return
        release = self.server.shelf.current
        if self.path != "/predict":
            return self.answer(404, {"error": "POST /predict"})
        if release is None:
            return self.answer(503, {"error": "no model has been deployed yet"})
        try:
            self.answer(200, {"class": release.predict(json.loads(body)), **release.facts()})
        except (ValueError, TypeError) as error:
            self.answer(400, {"error": str(error)})

    def do_PUT(self):
        body = self.body()
        if body is None:
            return
        if self.path != "/model" or not self.server.takes_models:
            return self.answer(404, {"error": "models are taken on the server's socket, as PUT /model"})
        wanted = f"Bearer {self.server.shelf.token}".encode()
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted):
            return self.answer(401, {"error": "the deploy token is missing or wrong"})
        try:
            release = Release(body.decode(), self.headers.get("X-Commit", ""), int(self.headers.get("X-Pipeline", 0)))
            release.predict([5.0, 3.0, 4.0, 1.0])
        except (ValueError, TypeError, KeyError, IndexError) as error:
            return self.answer(400, {"error": f"this is not a model: {error}"})
        self.server.shelf.put(release)
        self.answer(200, release.facts())

    def body(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_LIMIT:
            self.close_connection = True
            self.answer(413, {"error": f"a body of at most {BODY_LIMIT} bytes, with its length, is wanted"})
            return None
        return self.rfile.read(int(length))

    def answer(self, status, value):
        text = json.dumps(value, ensure_ascii=False).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self):
        return "socket" if self.server.takes_models else str(self.client_address[0])


class PortServer(ThreadingHTTPServer):
    takes_models = False


class SocketServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    takes_models = True
    daemon_threads = True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=8471)
    parser.add_argument("--token-file", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    token = arguments.token_file.read_text().strip()
    if not token:
        parser.error("the token file is empty")
    shelf = Shelf(arguments.token_file.resolve().parent, token)

    # A socket's path has room for 107 bytes only, so it is bound from within its folder.
    os.chdir(arguments.folder)
    pathlib.Path("server.sock").unlink(missing_ok=True)
    servers = [PortServer(("127.0.0.1", arguments.port), Handler), SocketServer("server.sock", Handler)]
    # A job's user is not ours; what protects the server is the token.
    os.chmod("server.sock", 0o666)
    for server in servers:
        server.shelf = shelf
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on http://127.0.0.1:{arguments.port}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    pathlib.Path("server.sock").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
