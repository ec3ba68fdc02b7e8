"""Errors of the services as HTTP answers: ``{"error": one sentence}``."""

import http

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.errors import AppError, DuplicateError, JobError, NotFoundError, StoreError, WorkspaceError
from freesolo.errors import FreeSoloError

_STATUS: tuple[tuple[type[AppError], int], ...] = (
    (NotFoundError, 404),
    (DuplicateError, 409),
    (JobError, 409),
    (StoreError, 503),
    (WorkspaceError, 503),
)
"""Everything else that the app raises on purpose is the request's fault: 400."""


def install(app: FastAPI) -> None:
    """Answer every error of the own routes as JSON."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(FreeSoloError, _picture_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


def _app_error(_request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
    return _answer(status, str(error))


def _picture_error(_request: Request, error: Exception) -> JSONResponse:
    return _answer(415, str(error))


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:5]]
    return _answer(422, f"the request is malformed: {'; '.join(faults)}"[:1000])


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = error.detail or http.HTTPStatus(error.status_code).phrase
    return JSONResponse({"error": detail}, error.status_code, headers=error.headers)


def _bug(_request: Request, error: Exception) -> JSONResponse:
    # The traceback goes to the terminal (the server logs it); the browser gets a sentence without our insides.
    return _answer(500, f"the app failed on this request ({type(error).__name__}); the terminal shows where")
