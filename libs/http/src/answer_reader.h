#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "postrider/model/http.h"

namespace postrider {

/// Gathers an answer from what libcurl reads, within limits.
class AnswerReader {
 public:
  static constexpr std::size_t kMaxHeaderBytes = 256 * 1024;  ///< interim answers and trailers too
  static constexpr std::size_t kMaxHeaders = 200;

  void Begin(std::size_t max_body);

  /// A line of the header block with its line end: the status line, a field, the empty line, or a
  /// trailer. Of several answers (100, 103) the last one counts; trailers are dropped. Returns
  /// false when a limit is passed: the answer is then not to be read further.
  bool TakeHeaderLine(std::string_view line);

  /// A piece of the body, after decompression. Returns false as above.
  bool TakeBody(std::string_view piece);

  int status() const { return status_; }
  HttpHeaders& headers() { return headers_; }
  std::string& body() { return body_; }
  /// Which limit was passed; empty: none.
  const std::string& too_large() const { return too_large_; }
  /// A final answer's header has been read to its end.
  bool complete_header() const { return headers_ended_ && status_ >= 200; }
  bool began() const { return header_bytes_ != 0; }

 private:
  void TakeStatusLine(std::string_view line);
  void TakeField(std::string_view line);

  std::size_t max_body_ = 0;
  std::size_t header_bytes_ = 0;
  int status_ = 0;
  bool headers_ended_ = false;
  HttpHeaders headers_;
  std::string body_;
  std::string too_large_;
};

}  // namespace postrider
