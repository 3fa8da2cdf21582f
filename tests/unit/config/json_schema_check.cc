#include "unit/config/json_schema_check.h"

#include <regex.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace postrider {
namespace {

using Json = nlohmann::json;

bool HasType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

bool HasAnyType(const Json& value, const Json& types) {
  if (types.is_string()) return HasType(value, types);
  return std::any_of(types.begin(), types.end(),
                     [&](const Json& type) { return HasType(value, type); });
}

bool Matches(const std::string& text, const std::string& pattern) {
  // The schema's patterns mean the same as POSIX extended expressions.
  regex_t compiled;
  if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
    throw std::runtime_error("not an expression: " + pattern);
  }
  const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return found;
}

// Keywords about numbers, texts and lengths; each holds for values of other types.
bool HoldsLimit(const std::string& keyword, const Json& limit, const Json& value) {
  if (keyword == "minimum") return !value.is_number() || value >= limit;
  if (keyword == "maximum") return !value.is_number() || value <= limit;
  if (keyword == "pattern") return !value.is_string() || Matches(value, limit);
  if (keyword == "minItems") return !value.is_array() || value.size() >= limit;
  if (keyword == "maxItems") return !value.is_array() || value.size() <= limit;
  if (keyword == "minProperties") return !value.is_object() || value.size() >= limit;
  if (keyword == "maxProperties") return !value.is_object() || value.size() <= limit;
  if (keyword == "uniqueItems") {
    return !value.is_array() || std::set<Json>(value.begin(), value.end()).size() == value.size();
  }
  if (keyword == "required") {
    return !value.is_object() || std::all_of(limit.begin(), limit.end(), [&](const Json& key) {
      return value.contains(key.get<std::string>());
    });
  }
  if (keyword == "const") return value == limit;
  if (keyword == "enum") return std::find(limit.begin(), limit.end(), value) != limit.end();
  return false;
}

}  // namespace

JsonSchemaCheck::JsonSchemaCheck(const std::string& schema) : root_(Json::parse(schema)) {}

std::vector<std::string> JsonSchemaCheck::FaultsOf(const Json& value) const {
  std::vector<std::string> faults;
  Check(root_, value, "", faults);
  return faults;
}

void JsonSchemaCheck::Check(const Json& schema, const Json& value, const std::string& path,
                            std::vector<std::string>& faults) const {
  for (const auto& [keyword, unused] : schema.items()) {
    CheckKeyword(keyword, schema, value, path, faults);
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) CheckMember(schema, key, member, path, faults);
}

void JsonSchemaCheck::CheckKeyword(const std::string& keyword, const Json& schema,
                                   const Json& value, const std::string& path,
                                   std::vector<std::string>& faults) const {
  static const std::set<std::string> kElsewhere{
      "$schema",          "$defs", "title", "description", "properties", "additionalProperties",
      "patternProperties"};
  const Json& operand = schema.at(keyword);
  if (kElsewhere.contains(keyword)) return;
  if (keyword == "$ref") {
    Check(root_.at(Json::json_pointer(operand.get<std::string>().substr(1))), value, path, faults);
  } else if (keyword == "items") {
    for (std::size_t at = 0; value.is_array() && at < value.size(); ++at) {
      Check(operand, value[at], path + "[" + std::to_string(at) + "]", faults);
    }
  } else if (keyword == "propertyNames") {
    for (const auto& [key, unused] : value.items()) Check(operand, key, path + "." + key, faults);
  } else if (keyword == "type") {
    if (!HasAnyType(value, operand)) faults.push_back(path + ": not of type " + operand.dump());
  } else if (keyword == "anyOf") {
    const bool any = std::any_of(operand.begin(), operand.end(),
                                 [&](const Json& choice) { return Fits(choice, value); });
    if (!any) faults.push_back(path + ": none of " + operand.dump());
  } else if (!HoldsLimit(keyword, operand, value)) {
    faults.push_back(path + ": not " + keyword + " " + operand.dump());
  }
}

void JsonSchemaCheck::CheckMember(const Json& schema, const std::string& key, const Json& value,
                                  const std::string& path, std::vector<std::string>& faults) const {
  const std::string inside = path + "." + key;
  if (schema.contains("properties") && schema["properties"].contains(key)) {
    return Check(schema["properties"][key], value, inside, faults);
  }
  const Json patterns = schema.value("patternProperties", Json::object());
  for (const auto& [pattern, part] : patterns.items()) {
    if (Matches(key, pattern)) return Check(part, value, inside, faults);
  }
  if (!schema.contains("additionalProperties")) return;
  const Json& rest = schema["additionalProperties"];
  if (rest.is_object()) return Check(rest, value, inside, faults);
  if (rest == false) faults.push_back(inside + ": unknown");
}

bool JsonSchemaCheck::Fits(const Json& schema, const Json& value) const {
  std::vector<std::string> faults;
  Check(schema, value, "", faults);
  return faults.empty();
}

}  // namespace postrider
