#pragma once

#include <curl/curl.h>

#include "postrider/model/failure.h"

namespace postrider {

/// What is known of a transfer that libcurl ended with an error, besides the error.
struct FailureEvidence {
  bool released = false;        ///< the connection stood, and the request was let out on it
  bool answer_began = false;    ///< something of an answer's header was read
  bool socket_failed = true;    ///< the connection broke, or that can not be told (TLS)
  bool out_of_sockets = false;  ///< this process could not get a socket, port or descriptor
};

/// The class of an error that libcurl found by itself (not of one that our callbacks made).
FailureClass FailureOf(CURLcode code, const FailureEvidence& evidence);

}  // namespace postrider
