#pragma once

#include <string>

namespace postrider::test {

/// An answer to a plain request of the test itself.
struct HttpReply {
  int status = 0;  ///< 0: no answer
  std::string body;
};

/// @param address  such as `http://127.0.0.1:8080`
HttpReply Get(const std::string& address, const std::string& path);
HttpReply Post(const std::string& address, const std::string& path, const std::string& body);

}  // namespace postrider::test
