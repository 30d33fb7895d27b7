#!/usr/bin/env python3
"""Checks the evidence of a gate without Pawl: verify-evidence.py EVIDENCE PUBLIC-KEY

The signature is checked with openssl, and every verdict is reckoned again from the numbers in the evidence, by the rules of
docs/gate.md. Needs Python 3.9 and OpenSSL 3. Ends with 1 where anything differs."""

import base64, json, math, subprocess, sys, tempfile


def signed(envelope, key):
    body, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    with tempfile.NamedTemporaryFile() as message, tempfile.NamedTemporaryFile() as signature:
        message.write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body))
        signature.write(base64.b64decode(envelope["signatures"][0]["sig"]))
        message.flush(), signature.flush()
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin",
                   "-in", message.name, "-sigfile", signature.name]
        if subprocess.run(command, capture_output=True).returncode != 0:
            sys.exit("the signature is not that of this key")
    return json.loads(body)


def tail(t, dof):
    """The chance of a value of Student's t above t, by the continued fraction of the incomplete beta function."""
    x, a, b = dof / (dof + t * t), dof / 2, 0.5
    swap = x >= (a + 1) / (a + b + 2)
    if swap:
        x, a, b = 1 - x, b, a
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a \
        if 0 < x < 1 else 0.0
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, 10_000):
        for top in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                    -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d, c = 1 / (1 + top * d), 1 + top / c
            result *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    half = front * result / 2
    half = 0.5 - half if swap else half
    return half if t >= 0 else 1 - half


def quantile(chance, dof):
    if chance > 0.5:
        return -quantile(1 - chance, dof)
    low, high = 0.0, 1.0
    while tail(high, dof) > chance:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, dof) > chance else (low, middle)
    return (low + high) / 2


def moments(values):
    mean = sum(values) / len(values)
    return mean, sum((v - mean) ** 2 for v in values) / (len(values) - 1) if len(values) > 1 else 0.0


def bootstrap(values):
    """The standard error of the mean, by 1,000 samples that SplitMix64 draws from the sorted values."""
    values, state, mask, means = sorted(values), 0x5061776C, (1 << 64) - 1, []
    for _ in range(1000 if values[0] != values[-1] else 0):
        total = 0.0
        for _ in values:
            state = (state + 0x9E3779B97F4A7C15) & mask
            word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
            word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
            total += values[((word ^ (word >> 31)) * len(values)) >> 64]
        means.append(total / len(values))
    return math.sqrt(moments(means)[1]) if means else 0.0


def critical(alpha, metrics, look, dof, lucky):
    own = quantile(alpha / metrics / (look * (look + 1)), dof)
    return math.hypot(own, quantile(alpha / metrics, dof)) if lucky else own


def judge(metric, verdict):
    rule, settings, look = metric["rule"], verdict["settings"], verdict["look"]
    alpha, metrics, must = 1 - settings["confidence"], len(verdict["metrics"]), verdict["mustShow"]
    numbers = [v["value"] for v in metric["values"]]
    if not numbers or any(isinstance(v, str) for v in numbers):
        return "missing", True
    base, (mean, variance), sign = [v["value"] for v in metric["baseline"]], moments(numbers), 1 if rule["want"] == "higher" else -1
    before = rule["baseline"] if "baseline" in rule else moments(base)[0] if base else None
    doubt = must or settings["inconclusive"] == "block"
    if before is None:
        answer, blocks = "within_limits", settings["noBaseline"] == "block"
    else:
        given = rule.get("tolerance", 0)
        allowed = given["share"] * abs(before) if isinstance(given, dict) else given
        slack, gain = 1e-12 * max(abs(mean), abs(before)), sign * (mean - before)
        examples = metric.get("examples")
        if not examples and len(numbers) == 1 or (not examples and"baseline" not in rule and len(base) == 1):
            slack = 1e-12 * abs(before)
            answer = "worse" if gain < -allowed - slack else "no_worse" if abs(gain) <= slack else "inconclusive"
            blocks = {"worse": must or settings["oneSeed"] == "block", "no_worse": False, "inconclusive": doubt}[answer]
        else:
            if examples:
                error, dof = bootstrap(examples), len(examples) - 1
            elif "baseline" in rule:
                error, dof = math.sqrt(variance / len(numbers)), len(numbers) - 1
            elif [v["seed"] for v in metric["values"]] == [v["seed"] for v in metric["baseline"]]:
                error, dof = math.sqrt(moments([a - b for a, b in zip(numbers, base)])[1] / len(base)), len(base) - 1
            else:
                one, two = variance / len(numbers), moments(base)[1] / len(base)
                error, spread = math.sqrt(one + two), one**2 / (len(numbers) - 1) + two**2 / (len(base) - 1)
                dof = (one + two) ** 2 / spread if spread else len(numbers) + len(base) - 2
            error = 0.0 if not examples and error <= 1e-13 * max(abs(mean), abs(before)) else error
            reach = error * critical(alpha, metrics, look, dof, "baseline" not in rule)
            close(metric["comparison"]["high"], mean - before + reach), close(metric["comparison"]["low"], mean - before - reach)
            answer = "worse" if gain + reach < -allowed - slack else "better" if gain - reach > slack \
                else "no_worse" if gain - reach >= -allowed - slack else "inconclusive"
            blocks = answer == "worse" and (not examples or must or settings["oneSeed"] == "block") \
                or (answer == "inconclusive" and doubt)
    if "ratchet" in metric:
        held = metric["ratchet"]
        if "variance" in held:
            parts = math.sqrt(held["variance"] * (1 / len(numbers) + 1 / held["released"]))
            close(held["most"], held["loss"] + parts * critical(alpha, metrics, held["look"], held["degreesOfFreedom"], True))
        if held.get("most", held["loss"]) > held["budget"] + 1e-9 * abs(mean):
            answer, blocks = "worse" if held["loss"] > held["budget"] or answer == "worse" else "inconclusive", True
    if mean < rule.get("min", -math.inf) or mean > rule.get("max", math.inf):
        answer, blocks = "worse", True
    return answer, blocks


def close(told, found):
    if abs(told - found) > 1e-9 * max(1, abs(found)):
        sys.exit(f"reckoned {found}, told {told}")


statement = signed(json.load(open(sys.argv[1])), sys.argv[2])
for judged in statement["predicate"]["verdicts"]:
    verdict = judged["verdict"]
    for metric in verdict["metrics"]:
        if judge(metric, verdict) != (metric["answer"], metric["isBlocking"]):
            sys.exit(f"{judged['node']}: {metric['rule']['metric']} comes to {judge(metric, verdict)}")
    if verdict["isBlocking"] != any(metric["isBlocking"] for metric in verdict["metrics"]):
        sys.exit(f"{judged['node']}: whether it blocks is not what its metrics say")
    print(f"{judged['node']}: {verdict['answer']}, signed and reckoned again, commit {statement['subject'][0]['digest']['gitCommit']}")
