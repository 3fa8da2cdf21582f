#include "postrider/message/describe.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

std::string DescribeUrl(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return Describe(request);
}

TEST(DescribeTest, SaysMethodAndUrl) {
  EXPECT_EQ(DescribeUrl("https://host:8443/v1/a"), "POST https://host:8443/v1/a");
}

TEST(DescribeTest, MasksTheValuesOfTheQuery) {
  EXPECT_EQ(DescribeUrl("https://host/p?token=abc&x=1=2&flag&="),
            "POST https://host/p?token=***&x=***&***&=***");
  EXPECT_EQ(DescribeUrl("https://host/p?"), "POST https://host/p?");
}

TEST(DescribeTest, MasksCredentials) {
  EXPECT_EQ(DescribeUrl("https://user:p@ss@host/a@b"), "POST https://***@host/a@b");
}

TEST(DescribeTest, DropsTheFragment) {
  EXPECT_EQ(DescribeUrl("https://host/a#secret?x"), "POST https://host/a");
}

}  // namespace
}  // namespace postrider
