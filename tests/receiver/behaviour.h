#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::receiver {

/// How requests are answered. Changed while running by the JSON of `POST /_control`, whose fields
/// are named as here; a field that is left out stays as it is.
struct Behaviour {
  int status = 200;
  std::chrono::milliseconds delay{0};          ///< `delay_ms`: before the answer
  bool hang = false;                           ///< never answers, until switched off
  bool reset = false;                          ///< resets the connection instead of answering
  bool truncate = false;                       ///< breaks off in the middle of the body
  bool close = false;                          ///< closes the connection after each answer
  std::uint64_t fail_every = 0;                ///< each n-th request is answered 503; 0: none
  std::string body;                            ///< text, or a number of bytes
  std::map<std::string, std::string> headers;  ///< added to the answer, such as `Retry-After`

  /// The status of the n-th request (from 1), 0 when it is not to be answered.
  int StatusOf(std::uint64_t number) const;

  /// Returns what is wrong with the command, for people; then nothing has changed.
  std::optional<std::string> Change(std::string_view command);
};

/// The complete answer with that status.
std::string AnswerText(const Behaviour& behaviour, int status);

}  // namespace postrider::receiver
