"""The claim that says what a JWT is for, where its header's `typ` is only `JWT`."""

CLAIM = "token_use"
ACCESS = "access"  # as other issuers write it, such as Amazon Cognito
ASSERTION = "assertion"  # X-Auth-Assertion: who calls, for an API behind a gateway
