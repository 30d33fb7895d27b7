"""Hands a model to the model server and sees it answer: deploy.py FOLDER --socket SOCKET.

The server listens on a Unix socket in a folder that the machine's owner offers to jobs, because a job's network
reaches neither the host nor the server's port. It takes a model from who knows DEPLOY_TOKEN.
"""

import argparse
import http.client
import json
import os
import pathlib
import socket
import sys


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def ask(path, method, target, body, headers=None):
    """One request; its answer as JSON. Ends the program where it is refused."""
    connection = UnixConnection(path)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError as error:
        sys.exit(f"The model server does not answer at {path}: {error}")
    finally:
        connection.close()
    if answer.status != 200:
        sys.exit(f"The model server refused {method} {target}: {answer.status} {text.strip()}")
    return json.loads(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--socket", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    token = os.environ.get("DEPLOY_TOKEN")
    if not token:
        sys.exit("DEPLOY_TOKEN is not set: this job has to be for the environment that the secret is for.")

    served = ask(
        arguments.socket,
        "PUT",
        "/model",
        (arguments.model / "model.json").read_bytes(),
        {
            "Authorization": f"Bearer {token}",
            "X-Commit": os.environ.get("CI_COMMIT_SHA", ""),
            "X-Pipeline": os.environ.get("CI_PIPELINE_IID", "0"),
        },
    )
    print(f"the server has {served['model']}")
    answer = ask(arguments.socket, "POST", "/predict", "[5.1, 3.5, 1.4, 0.2]")
    if answer["class"] != "setosa" or answer["model"] != served["model"]:
        sys.exit(f"The model that answers is not the one handed over: {answer}")
    print(f"a flower of 5.1, 3.5, 1.4, 0.2 cm: {answer['class']}")
    print(f"serving on {os.environ.get('CI_ENVIRONMENT_URL') or 'http://127.0.0.1:8471'}")


if __name__ == "__main__":
    main()
