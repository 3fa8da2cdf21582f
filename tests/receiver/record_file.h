#pragma once

#include <string>

#include "receiver/request.h"

namespace postrider::receiver {

/// The append-only list of what was received, one line per request:
/// `<unix microseconds>\t<event>\t<idempotency key>\t<attempt>\t<status answered>\t<path>`
/// with status 0 for a request that was not answered. Tabs within a field become spaces.
class RecordFile {
 public:
  /// An empty path records nothing. Throws std::system_error when it cannot be opened.
  explicit RecordFile(const std::string& path);
  ~RecordFile();

  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  void Add(const Request& request, int status);

  /// Hands all lines to the operating system: after that they survive our own end. Throws
  /// std::system_error when that fails.
  void Flush();

 private:
  int fd_ = -1;
  std::string lines_;
};

}  // namespace postrider::receiver
