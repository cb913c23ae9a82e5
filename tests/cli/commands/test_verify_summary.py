# SPDX-License-Identifier: Apache-2.0
"""A release did not pass, and its home says so: whoever verifies it hears that, and so does the shell."""

from tests.cli.commands.test_attest import bundle, keys, said, signed  # noqa: F401 - fixtures


def test_a_summary_that_says_failed_is_believed_though_all_gates_passed(federation, bundle, keys, signed):  # noqa: F811
    *results, summary = map(said, bundle.read_text("utf-8").splitlines())
    summary["predicate"]["verificationResult"] = "FAILED"
    bundle.write_text("\n".join(map(signed, (*results, summary))), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem", "--json")
    assert (answer.code, answer.json["verified"]) == (10, False)
    assert answer.json["faults"] == ["the summary says that the release did not pass"]
