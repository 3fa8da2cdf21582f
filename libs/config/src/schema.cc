#include "postrider/config/schema.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "auth_catalogues.h"
#include "catalogue.h"

namespace postrider {
namespace {

using Json = nlohmann::ordered_json;

// What the settings refer to. A variable stands for any value.
constexpr const char* kDefinitions = R"json({
  "variable": {"type": "string", "pattern": "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}"},
  "duration": {"anyOf": [{"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d)|0)$"}, {"const": 0},
                         {"$ref": "#/$defs/variable"}]},
  "size": {"anyOf": [{"type": "string", "pattern": "^([0-9]+(B|KB|MB|GB)|0)$"}, {"const": 0},
                     {"$ref": "#/$defs/variable"}]},
  "percentage": {"anyOf": [{"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?%$"},
                           {"$ref": "#/$defs/variable"}]},
  "rate": {"anyOf": [{"type": "string", "pattern": "^[1-9][0-9]*/(s|min|h|d|[0-9]+(ms|s|m|h|d))$"},
                     {"$ref": "#/$defs/variable"}]},
  "verdict": {"anyOf": [{"enum": ["delivered", "retry", "hold", "dead", "unknown"]},
                        {"$ref": "#/$defs/variable"}]},
  "boolean": {"anyOf": [{"type": "boolean"},
                        {"type": "string", "pattern": "^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$"},
                        {"$ref": "#/$defs/variable"}]},
  "status": {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 999},
                       {"type": "string", "pattern": "^[1-9]([0-9][0-9x]|xx)$"},
                       {"$ref": "#/$defs/variable"}]},
  "answer_rule": {"type": "object", "additionalProperties": false, "minProperties": 1,
                  "properties": {
                    "status": {"description": "The statuses to which the rule applies; those that are delivered when left out.", "$ref": "#/$defs/status"},
                    "json": {"description": "A JSON pointer into the body.", "type": "string", "pattern": "^(/.*)?$"},
                    "header": {"description": "The name of a header.", "type": "string"},
                    "text": {"description": "What the body holds.", "type": "string"},
                    "in": {"description": "The value is one of these.", "type": "array", "minItems": 1,
                           "items": {"type": ["string", "number", "boolean"]}},
                    "exists": {"description": "The value is there, or not.", "$ref": "#/$defs/boolean"},
                    "is": {"description": "What the answer then means.", "$ref": "#/$defs/verdict"},
                    "otherwise": {"description": "What it means in any case.", "$ref": "#/$defs/verdict"}}},
  "topic_pattern": {"anyOf": [{"type": "string", "pattern": "^([A-Za-z0-9][A-Za-z0-9._:/-]{0,199}(\\.\\*)?|\\*)$"},
                              {"$ref": "#/$defs/variable"}]},
  "secret": {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
             "properties": {"env": {"type": "string", "description": "The name of an environment variable."},
                            "file": {"type": "string", "description": "The path of a file."}}},
  "headers": {"type": ["object", "null"],
              "propertyNames": {"pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$"},
              "additionalProperties": {"anyOf": [{"type": ["string", "number", "boolean", "null"]},
                                                 {"$ref": "#/$defs/secret"}]}}
})json";

template <class S>
Json ObjectOf(const Catalogue<S>& catalogue, const std::string& group);

template <class S>
Json SchemaOf(const Catalogue<S>& catalogue, const Setting<S>& setting) {
  Json schema = Json::object();
  schema["description"] = setting.meaning;
  const auto initial = setting.show && !setting.group ? setting.show(S{}) : std::nullopt;
  if (setting.automatic.empty() && initial)
    schema["description"] = setting.meaning + " Default: " + *initial + ".";
  if (!setting.group) {
    schema.update(Json::parse(setting.schema));
    return schema;
  }
  Json map = ObjectOf(catalogue, setting.path);
  if (setting.schema.empty()) {
    schema.update(map);
  } else {
    schema["anyOf"] = Json::array({Json::parse(setting.schema), std::move(map)});
  }
  return schema;
}

template <class S>
Json ObjectOf(const Catalogue<S>& catalogue, const std::string& group) {
  Json object = {{"type", {"object", "null"}}, {"additionalProperties", false}};
  for (const auto& setting : catalogue) {
    const bool has_schema = setting.group || !setting.schema.empty();
    if (setting.supported && has_schema && setting.Parent() == group) {
      object["properties"][setting.Key()] = SchemaOf(catalogue, setting);
    }
  }
  return object;
}

// One of the ways to prove who we are.
Json AuthSchema() {
  Json forms = {{"bearer", {{"$ref", "#/$defs/secret"}}},
                {"basic", ObjectOf(AuthCatalogue<BasicAuth>(), "")},
                {"oauth2", ObjectOf(AuthCatalogue<OAuth2Auth>(), "")},
                {"token", ObjectOf(AuthCatalogue<TokenAuth>(), "")}};
  return {{"type", "object"},
          {"additionalProperties", false},
          {"minProperties", 1},
          {"maxProperties", 1},
          {"properties", std::move(forms)}};
}

std::string MeaningOf(const std::string& path) {
  for (const auto& setting : RelayCatalogue()) {
    if (setting.path == path) return setting.meaning;
  }
  return {};
}

}  // namespace

std::string JsonSchema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Configuration of Postrider"}};
  schema.update(ObjectOf(RelayCatalogue(), ""));
  const Json destination = {{"$ref", "#/$defs/destination"}};
  schema["properties"]["defaults"] = {{"description", MeaningOf("defaults")},
                                      {"$ref", "#/$defs/destination"}};
  schema["properties"]["destinations"] = {{"description", MeaningOf("destinations")},
                                          {"type", {"object", "null"}},
                                          {"additionalProperties", false}};
  schema["properties"]["destinations"]["patternProperties"]["^[a-z][a-z0-9_-]{0,62}$"] =
      destination;
  schema["$defs"] = Json::parse(kDefinitions);
  schema["$defs"]["auth"] = AuthSchema();
  schema["$defs"]["destination"] = ObjectOf(DestinationCatalogue(), "");
  return schema.dump(2) + "\n";
}

}  // namespace postrider
