"""What CloudStack answers when it refuses: a code, a text, and sometimes a cserrorcode."""

from __future__ import annotations

UNAUTHORISED = "unable to verify user credentials and/or request signature"


class ApiError(Exception):
    """One refusal, as the API sends it.

    ``code`` is the HTTP status as well; ``cserrorcode`` 4350 is an invalid parameter value, 9999 anything else.
    """

    def __init__(self, code: int, text: str, *, cserrorcode: int | None = 9999) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.cserrorcode = cserrorcode

    def body(self) -> dict[str, object]:
        """The error object inside the envelope of an HTTP answer."""
        body: dict[str, object] = {"uuidList": [], "errorcode": self.code}
        if self.cserrorcode is not None:
            body["cserrorcode"] = self.cserrorcode
        return body | {"errortext": self.text}


def invalid(text: str) -> ApiError:
    """431 as an InvalidParameterValueException gives it."""
    return ApiError(431, text, cserrorcode=4350)


def denied(text: str) -> ApiError:
    """531 as a PermissionDeniedException gives it."""
    return ApiError(531, text, cserrorcode=4365)


def missing_parameter(command: str, name: str) -> ApiError:
    """431 for a required parameter that was not sent."""
    return ApiError(431, f"Unable to execute API command {command.lower()} due to missing parameter {name}")


def unknown_entity(command: str, name: str, value: str) -> ApiError:
    """431 for an id that no object bears."""
    return ApiError(
        431,
        f"Unable to execute API command {command.lower()} due to invalid value. Invalid parameter {name} value={value} "
        "due to incorrect long value format, or entity does not exist or due to incorrect parameter annotation for the "
        "field in api cmd class.",
    )


def unavailable(command: str, account: str) -> ApiError:
    """432: the role of the caller's account lacks the command."""
    return ApiError(432, f"The API [{command}] does not exist or is not available for the account {account}.")


def unauthorised() -> ApiError:
    """401: the same for a bad key, a bad signature and an unknown command."""
    return ApiError(401, UNAUTHORISED, cserrorcode=None)
