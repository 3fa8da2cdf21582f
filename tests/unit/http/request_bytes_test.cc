#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <string>

#include "loop_thread.h"
#include "support/hostile_server.h"

namespace postrider::testing {
namespace {

/// What a server receives for `request` (whose URL is only a path).
RawRequest Received(HttpRequest request) {
  HostileServer server(Always(Answer(200, "")));
  LoopThread loop;
  request.url = server.Url(request.url);
  const HttpAnswer answer = loop.Fetch(std::move(request));
  EXPECT_FALSE(answer.failure) << answer.error;
  return server.requests().at(0);
}

TEST(RequestBytesTest, SendsTheGivenHeadersAndNothingButFraming) {
  HttpRequest request = Post("/orders?x=1", "{}");
  request.headers = {{"Content-Type", "application/json"}, {"X-Odd", "a: b;c"}, {"x-empty", ""}};
  const RawRequest got = Received(std::move(request));
  const std::string host = got.Header("Host").value_or("");
  EXPECT_EQ(got.head, "POST /orders?x=1 HTTP/1.1\r\nHost: " + host +
                          "\r\nAccept-Encoding: gzip, deflate\r\nContent-Type: application/json\r\n"
                          "X-Odd: a: b;c\r\nx-empty:\r\nContent-Length: 2\r\n");
}

TEST(RequestBytesTest, AddsNoDefaults) {
  const RawRequest got = Received(Post("/", std::string(2 << 20, 'x')));
  for (const char* name : {"Accept", "User-Agent", "Content-Type", "Expect", "Connection"}) {
    EXPECT_EQ(got.CountHeader(name), 0u) << name;
  }
}

TEST(RequestBytesTest, GivenHeadersReplaceOurs) {
  HttpRequest request = Post("/");
  request.headers = {{"Host", "other.example"}, {"Accept-Encoding", "identity"}, {"Accept", "a/b"}};
  const RawRequest got = Received(std::move(request));
  EXPECT_EQ(got.Header("Host"), "other.example");
  EXPECT_EQ(got.Header("Accept-Encoding"), "identity");
  EXPECT_EQ(got.Header("Accept"), "a/b");
  EXPECT_EQ(got.CountHeader("Host"), 1u);
  EXPECT_EQ(got.CountHeader("Accept-Encoding"), 1u);
}

TEST(RequestBytesTest, SendsEveryMethod) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS", "X-CUSTOM"}) {
    for (const char* body : {"", "with a body"}) {
      HttpRequest request = Post("/", body);
      request.method = method;
      const RawRequest got = Received(std::move(request));
      EXPECT_EQ(got.Method(), method);
      EXPECT_EQ(got.body, body);
    }
  }
}

TEST(RequestBytesTest, AnEmptyBodyHasALengthOfZeroWhereTheMethodHasABody) {
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "GET"}) {
    HttpRequest request = Post("/", "");
    request.method = method;
    const auto length = Received(std::move(request)).Header("Content-Length");
    if (method.front() == 'P') {
      EXPECT_EQ(length, "0") << method;
    } else {
      EXPECT_FALSE(length) << method;
    }
  }
}

TEST(RequestBytesTest, OneHandleSendsAllMethodsInTurn) {
  HostileServer server([](Peer& peer) {
    while (auto request = peer.ReadRequest()) {
      const std::string answer = Answer(200, "body");
      peer.Send(request->Method() == "HEAD" ? answer.substr(0, answer.size() - 4) : answer);
    }
  });
  LoopThread loop;
  for (const std::string method : {"POST", "GET", "HEAD", "PUT", "HEAD", "GET", "DELETE", "POST"}) {
    HttpRequest request = Post(server.Url("/" + method), method == "PUT" ? "put" : "");
    request.method = method;
    const HttpAnswer answer = loop.Fetch(std::move(request));
    ASSERT_EQ(answer.status, 200) << method << ": " << answer.error;
    EXPECT_EQ(answer.body, method == "HEAD" ? "" : "body");
    EXPECT_EQ(server.requests().back().Method(), method);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(RequestBytesTest, BodiesAreSentByteForByte) {
  std::string binary;
  for (int i = 0; i < 1024; ++i) binary.push_back(static_cast<char>(i));
  EXPECT_EQ(Received(Post("/", binary)).body, binary);
  std::string large(20 << 20, '\0');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i / 997);
  EXPECT_TRUE(Received(Post("/", large)).body == large);
}

TEST(RequestBytesTest, ThePathIsSentAsItIs) {
  const RawRequest got = Received(Post("/a/../b/./c%2F?q=%20"));
  EXPECT_EQ(got.head.substr(0, got.head.find("\r\n")), "POST /a/../b/./c%2F?q=%20 HTTP/1.1");
}

TEST(RequestBytesTest, TheUrlsUserBecomesAnAuthorization) {
  HostileServer server(Always(Answer(200, "")));
  LoopThread loop;
  const std::string port = std::to_string(server.port());
  ASSERT_EQ(loop.Fetch(Post("http://me:pw@127.0.0.1:" + port + "/")).status, 200);
  EXPECT_EQ(server.requests().at(0).Header("Authorization"), "Basic bWU6cHc=");
}

TEST(RequestBytesTest, TheEnvironmentsProxyIsIgnored) {
  for (const char* name : {"http_proxy", "all_proxy"}) setenv(name, "http://127.0.0.1:1", 1);
  Received(Post("/"));
  for (const char* name : {"http_proxy", "all_proxy"}) unsetenv(name);
}

TEST(RequestBytesTest, BadRequestsAreOurFault) {
  HostileServer server(Always(Answer(200, "")));
  LoopThread loop;
  std::vector<HttpRequest> bad;
  for (const char* url : {"", "example.com/x", "ftp://127.0.0.1/", "file:///etc/passwd", "http://",
                          "http:///x", "http://a b/", "http://127.0.0.1:99999/", "http://[::1/"}) {
    bad.push_back(Post(url));
  }
  for (const HttpHeaders& headers :
       {HttpHeaders{{"X", "a\r\nInjected: 1"}}, HttpHeaders{{"X", std::string("a\0b", 3)}},
        HttpHeaders{{"X Y", "a"}}, HttpHeaders{{"", "a"}}, HttpHeaders{{"X:", "a"}},
        HttpHeaders{{"content-length", "7"}}, HttpHeaders{{"Transfer-Encoding", "chunked"}},
        HttpHeaders{{"Expect", "100-continue"}}}) {
    bad.push_back(Post(server.Url()));
    bad.back().headers = headers;
  }
  bad.push_back(Post(server.Url()));
  bad.back().method = "GET / HTTP/1.1\r\nX:";
  for (const HttpRequest& request : bad) {
    const HttpAnswer answer = loop.Fetch(request);
    EXPECT_EQ(answer.failure, FailureClass::kLocal) << request.url << ": " << answer.error;
    EXPECT_FALSE(answer.maybe_sent);
    EXPECT_FALSE(answer.error.empty());
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(RequestBytesTest, ErrorsNameTheHostAndNoSecrets) {
  LoopThread loop;
  HttpRequest request = Post("http://me:hush@127.0.0.1:1/path?token=hush");
  request.headers = {{"X-Api-Key", "hush"}};
  const HttpAnswer refused = loop.Fetch(std::move(request));
  EXPECT_EQ(refused.failure, FailureClass::kConnect);
  EXPECT_THAT(refused.error, ::testing::HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(refused.error, ::testing::Not(::testing::HasSubstr("hush")));
  HttpRequest bad = Post("http://127.0.0.1:1/");
  bad.headers = {{"X-Api-Key", "hush\n"}};
  EXPECT_THAT(loop.Fetch(std::move(bad)).error, ::testing::Not(::testing::HasSubstr("hush")));
}

}  // namespace
}  // namespace postrider::testing
