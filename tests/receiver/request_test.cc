#include "receiver/request.h"

#include <gtest/gtest.h>

#include <string>

namespace postrider::receiver {
namespace {

Parsed Parse(std::string_view text) {
  Request request;
  return ParseRequest(text, request);
}

TEST(ParseRequestTest, ReadsWhatIsRecorded) {
  Request request;
  const std::string text =
      "POST /a?b HTTP/1.1\r\nHost: h\r\npostrider-event:  17 \r\nIdempotency-Key: k-1\r\n"
      "Postrider-Attempt: 3\r\nCONTENT-LENGTH: 4\r\n\r\nbodyGET";
  ASSERT_EQ(ParseRequest(text, request), Parsed::kComplete);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/a?b");
  EXPECT_EQ(request.event, "17");
  EXPECT_EQ(request.key, "k-1");
  EXPECT_EQ(request.attempt, "3");
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(request.size, text.size() - 3);
}

TEST(ParseRequestTest, NeedsTheWholeRequest) {
  const std::string text = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(Parse(text.substr(0, size)), Parsed::kIncomplete) << size;
  }
  EXPECT_EQ(Parse(text), Parsed::kComplete);
}

TEST(ParseRequestTest, ReadsARequestWithoutHeadersAndBody) {
  EXPECT_EQ(Parse("GET /_count HTTP/1.1\r\n\r\n"), Parsed::kComplete);
}

TEST(ParseRequestTest, RefusesWhatItCannotRead) {
  for (const char* text :
       {"\r\n\r\n", "nonsense\r\n\r\n", "POST / SMTP/1.0\r\n\r\n", "POST /\r\n\r\n",
        "POST / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    EXPECT_EQ(Parse(text), Parsed::kBad) << text;
  }
  EXPECT_EQ(Parse(std::string(100'000, 'a')), Parsed::kBad);
}

}  // namespace
}  // namespace postrider::receiver
