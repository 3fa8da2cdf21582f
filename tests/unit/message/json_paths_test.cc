#include "json_paths.h"

#include <gtest/gtest.h>

namespace postrider {
namespace {

JsonFound Find(const std::string& json, const JsonPath& path) {
  const auto found = FindInJson(json, {path});
  if (!found) ADD_FAILURE() << "not JSON: " << json;
  return found ? found->at(0) : JsonFound{};
}

TEST(FindInJsonTest, FindsScalarsOfEveryKind) {
  const std::string json = R"({"s": "text", "i": -5, "u": 7, "f": 1.50, "t": true, "n": null})";
  EXPECT_EQ(Find(json, {"s"}).text, "text");
  EXPECT_EQ(Find(json, {"i"}).text, "-5");
  EXPECT_EQ(Find(json, {"u"}).text, "7");
  EXPECT_EQ(Find(json, {"f"}).text, "1.50");
  EXPECT_EQ(Find(json, {"t"}).text, "true");
  EXPECT_EQ(Find(json, {"n"}).kind, JsonFound::Kind::kNothing);
}

TEST(FindInJsonTest, KeepsIntegersThatFitNoMachineWord) {
  EXPECT_EQ(Find(R"({"id": 123456789012345678901234567890})", {"id"}).text,
            "123456789012345678901234567890");
}

TEST(FindInJsonTest, WalksThroughObjectsAndArrays) {
  const std::string json = R"({"a": {"x": 0}, "items": [{"sku": "p"}, {"sku": "q", "n": [1, 2]}]})";
  EXPECT_EQ(Find(json, {"items", "0", "sku"}).text, "p");
  EXPECT_EQ(Find(json, {"items", "1", "sku"}).text, "q");
  EXPECT_EQ(Find(json, {"items", "1", "n", "1"}).text, "2");
  EXPECT_EQ(Find(json, {"items", "2", "sku"}).kind, JsonFound::Kind::kNothing);
  EXPECT_EQ(Find(json, {"x"}).kind, JsonFound::Kind::kNothing);
  EXPECT_EQ(Find(json, {"sku"}).kind, JsonFound::Kind::kNothing);
}

TEST(FindInJsonTest, TellsContainersFromValues) {
  EXPECT_EQ(Find(R"({"a": {"b": 1}})", {"a"}).kind, JsonFound::Kind::kContainer);
  EXPECT_EQ(Find(R"({"a": []})", {"a"}).kind, JsonFound::Kind::kContainer);
  EXPECT_EQ(Find(R"({"a": 1})", {"a", "b"}).kind, JsonFound::Kind::kNothing);
}

TEST(FindInJsonTest, LetsTheLastOfEqualNamesHold) {
  EXPECT_EQ(Find(R"({"a": 1, "a": 2})", {"a"}).text, "2");
  EXPECT_EQ(Find(R"({"a": {"b": 1}, "a": {"c": 2}})", {"a", "b"}).kind, JsonFound::Kind::kNothing);
  EXPECT_EQ(Find(R"({"a": {"b": 1}, "a": 5})", {"a", "b"}).kind, JsonFound::Kind::kNothing);
}

TEST(FindInJsonTest, DoesNotMixSiblingsUp) {
  const std::string json = R"({"a": {"b": {"z": 0}}, "c": {"b": {"d": 1}}})";
  EXPECT_EQ(Find(json, {"a", "b", "d"}).kind, JsonFound::Kind::kNothing);
  EXPECT_EQ(Find(json, {"c", "b", "d"}).text, "1");
}

TEST(FindInJsonTest, FindsSeveralPathsAtOnce) {
  const auto found = FindInJson(R"({"a": {"b": 1, "c": 2}})", {{"a", "c"}, {"a", "b"}, {"a"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at(0).text, "2");
  EXPECT_EQ(found->at(1).text, "1");
  EXPECT_EQ(found->at(2).kind, JsonFound::Kind::kContainer);
}

TEST(FindInJsonTest, FindsNothingInAScalarRoot) {
  EXPECT_EQ(Find("5", {"a"}).kind, JsonFound::Kind::kNothing);
}

TEST(FindInJsonTest, RefusesWhatIsNotJson) { EXPECT_FALSE(FindInJson(R"({"a": )", {{"a"}})); }

TEST(FindInJsonTest, SurvivesDeepNesting) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(Find(deep, {"0", "0"}).kind, JsonFound::Kind::kContainer);
}

}  // namespace
}  // namespace postrider
