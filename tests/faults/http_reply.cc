#include "faults/http_reply.h"

#include <httplib.h>

namespace postrider::test {
namespace {

HttpReply ReplyOf(const httplib::Result& result) {
  return result ? HttpReply{result->status, result->body} : HttpReply{};
}

}  // namespace

HttpReply Get(const std::string& address, const std::string& path) {
  httplib::Client client(address);
  client.set_read_timeout(10);
  return ReplyOf(client.Get(path));
}

HttpReply Post(const std::string& address, const std::string& path, const std::string& body) {
  httplib::Client client(address);
  client.set_read_timeout(10);
  return ReplyOf(client.Post(path, body, "application/json"));
}

}  // namespace postrider::test
