#include "receiver/record_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace postrider::receiver {
namespace {

void AppendField(std::string_view field, std::string& line) {
  const auto begin = line.size();
  line += field;
  std::replace(line.begin() + static_cast<std::ptrdiff_t>(begin), line.end(), '\t', ' ');
}

}  // namespace

RecordFile::RecordFile(const std::string& path) {
  if (path.empty()) return;
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot open " + path);
}

RecordFile::~RecordFile() {
  if (fd_ >= 0) close(fd_);
}

void RecordFile::Add(const Request& request, int status) {
  if (fd_ < 0) return;
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  lines_ += std::to_string(now.count());
  for (const std::string_view field : {request.event, request.key, request.attempt}) {
    lines_ += '\t';
    AppendField(field, lines_);
  }
  lines_ += '\t' + std::to_string(status) + '\t';
  AppendField(request.path, lines_);
  lines_ += '\n';
}

void RecordFile::Flush() {
  std::string_view left = lines_;
  while (!left.empty()) {
    const ssize_t written = write(fd_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::system_error(errno, std::generic_category(), "cannot record");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  lines_.clear();
}

}  // namespace postrider::receiver
