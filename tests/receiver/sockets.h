#pragma once

namespace postrider::receiver {

/// Closes a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// The result of a system call. Throws std::system_error with the name of the call below 0.
int Checked(int result, const char* call);

/// Binds the socket to 127.0.0.1 and listens. Returns the port, a free one for 0. Throws
/// std::system_error.
int Listen(int fd, int port);

}  // namespace postrider::receiver
