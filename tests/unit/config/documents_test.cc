#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "loading.h"
#include "postrider/config/schema.h"
#include "quantities.h"
#include "report.h"
#include "unit/config/json_schema_check.h"
#include "yaml_reader.h"

// The reference, the schema and the sample must say what the code says. The generated parts are
// written anew by: POSTRIDER_UPDATE=1 config_test --gtest_filter='DocumentsTest.*'
namespace postrider {
namespace {

using testing::IsEmpty;

constexpr const char* kDocument = "docs/configuration.md";
constexpr const char* kSchema = "deploy/postrider.schema.json";
constexpr const char* kSample = "deploy/postrider.yaml";
constexpr std::string_view kBegin = "<!-- reference: generated -->\n";
constexpr std::string_view kEnd = "<!-- end of reference -->\n";

void UpdateIfAsked(const std::string& path, const std::string& content) {
  if (std::getenv("POSTRIDER_UPDATE") == nullptr) return;
  std::ofstream(std::string(POSTRIDER_SOURCE_DIR) + "/" + path, std::ios::binary) << content;
}

NodeRef Parse(const std::string& text) {
  Report report("p.yaml");
  return ReadYaml(text, report);
}

// As an editor would read it.
nlohmann::json ToJson(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kList: {
      nlohmann::json list = nlohmann::json::array();
      for (const auto& item : node.items) list.push_back(ToJson(*item));
      return list;
    }
    case Node::Kind::kMap: {
      nlohmann::json map = nlohmann::json::object();
      for (const auto& member : node.members) map[member.key] = ToJson(*member.value);
      return map;
    }
    case Node::Kind::kScalar:
      break;
  }
  if (node.text == "true" || node.text == "false") return node.text == "true";
  if (const auto number = ParseInteger(node.text)) return *number;
  return node.text;
}

std::vector<std::string> SchemaFaults(const std::string& yaml) {
  const NodeRef root = Parse(yaml);
  return JsonSchemaCheck(JsonSchema()).FaultsOf(ToJson(*root));
}

// Whether the setting stands in the document; NAME is any destination.
bool Has(const Node& map, std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string_view key = path.substr(0, dot);
  return std::any_of(map.members.begin(), map.members.end(), [&](const NodeMember& member) {
    if (key != "NAME" && member.key != key) return false;
    return dot == path.npos || Has(*member.value, path.substr(dot + 1));
  });
}

TEST(DocumentsTest, TheReferenceIsWhatTheCodeSays) {
  const std::string document = ProjectFile(kDocument);
  const std::size_t begin = document.find(kBegin);
  const std::size_t end = document.find(kEnd);
  ASSERT_NE(begin, document.npos);
  ASSERT_NE(end, document.npos);
  const std::size_t start = begin + kBegin.size();
  const std::string expected = "\n" + SettingsReference() + "\n";
  UpdateIfAsked(kDocument, document.substr(0, start) + expected + document.substr(end));
  EXPECT_EQ(document.substr(start, end - start), expected);
}

TEST(DocumentsTest, TheSchemaFileIsWhatTheCodeSays) {
  UpdateIfAsked(kSchema, JsonSchema());
  EXPECT_EQ(ProjectFile(kSchema), JsonSchema());
}

TEST(DocumentsTest, TheExamplesOfTheDocumentLoad) {
  const std::string document = ProjectFile(kDocument);
  int examples = 0;
  for (std::size_t at = document.find("```yaml\n"); at != document.npos;
       at = document.find("```yaml\n", at + 1)) {
    const std::size_t begin = at + 8;
    const std::string example = document.substr(begin, document.find("```", begin) - begin);
    EXPECT_EQ(Errors(example, Variables({{"PARTNER_HOST", "h.example"}})), "") << example;
    EXPECT_THAT(SchemaFaults(example), IsEmpty()) << example;
    ++examples;
  }
  EXPECT_GE(examples, 3);
}

TEST(DocumentsTest, TheSampleLoadsWithoutAnEnvironment) {
  const auto config = LoadConfigText(ProjectFile(kSample), kSample, Variables());
  EXPECT_EQ(FormatErrors(config.errors), "");
  EXPECT_EQ(FormatErrors(config.warnings), "");
  EXPECT_THAT(SchemaFaults(ProjectFile(kSample)), IsEmpty());
}

TEST(DocumentsTest, TheSampleShowsEverySetting) {
  const NodeRef sample = Parse(ProjectFile(kSample));
  for (const auto& path : SettingPaths(true)) EXPECT_TRUE(Has(*sample, path)) << path;
  for (const auto& path : SettingPaths(false)) EXPECT_FALSE(Has(*sample, path)) << path;
}

TEST(DocumentsTest, TheSchemaFindsWhatAnEditorShouldMark) {
  for (const char* yaml : {
           "databse: {}",
           "relay: {lease: 15}",
           "relay: {threads: two}",
           "relay: {threads: 0}",
           "metrics: {listen: 9868}",
           "log: {level: loud}",
           "database: {password: hunter2}",
           "database: {schema: other}",
           "admin: {listen: x}",
           "destinations: {Shop: {}}",
           "destinations: {d: {topics: a}}",
           "destinations: {d: {topics: [a, a]}}",
           "destinations: {d: {rate: 10}}",
           "destinations: {d: {rate: [0/s]}}",
           "destinations: {d: {dead_limit: 5}}",
           "destinations: {d: {breaker: {failures: 0.5}}}",
           "destinations: {d: {breaker: {open_for: 5s}}}",
           "destinations: {d: {verdict: {answer: [{jsn: /a, is: dead}]}}}",
           "destinations: {d: {verdict: {answer: [{json: a, exists: true, is: dead}]}}}",
           "destinations: {d: {verdict: {unreadable: maybe}}}",
           "destinations: {d: {verdict: {gone: 410}}}",
           "destinations: {d: {verdict: {delivery_control: disable}}}",
           "destinations: {d: {order: fifo}}",
           "destinations: {d: {breaker: true}}",
           "destinations: {d: {http: {url: 'ftp://h'}}}",
           "destinations: {d: {http: {idempotency: true}}}",
           "destinations: {d: {http: {headers: {'a b': c}}}}",
           "destinations: {d: {http: {headers: {a: {evn: c}}}}}",
           "destinations: {d: {http: {endpoints: ['http://a', 'b']}}}",
           "destinations: {d: {verdict: {dead: [4x4]}}}",
           "destinations: {d: {http: {auth: {bearer: x}}}}",
           "destinations: {d: {http: {auth: {token: {url: 'http://h/', token: data}}}}}",
           "destinations: {d: {after_unknown: ask}}",
       }) {
    EXPECT_THAT(SchemaFaults(yaml), testing::SizeIs(testing::Ge(1U))) << yaml;
    EXPECT_NE(Errors(yaml), "") << yaml;
  }
}

TEST(DocumentsTest, TheSchemaTakesVariablesAnywhere) {
  EXPECT_THAT(SchemaFaults("relay: {lease: '${A}', threads: '${B:-2}', max_memory: '${C}'}\n"
                           "destinations: {d: {topics: ['${D}'], http: {announce: '${E}', method: "
                           "'${F}'}, retries: {factor: '${G}'}}}"),
              IsEmpty());
}

}  // namespace
}  // namespace postrider
