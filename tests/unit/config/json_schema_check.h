#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace postrider {

/// Validates a value against the part of JSON Schema that the project's schema uses; a keyword
/// beyond that is a fault too.
class JsonSchemaCheck {
 public:
  explicit JsonSchemaCheck(const std::string& schema);

  /// Where the value does not fit and why, one line each; empty: it fits.
  std::vector<std::string> FaultsOf(const nlohmann::json& value) const;

 private:
  using Json = nlohmann::json;

  void Check(const Json& schema, const Json& value, const std::string& path,
             std::vector<std::string>& faults) const;
  void CheckKeyword(const std::string& keyword, const Json& schema, const Json& value,
                    const std::string& path, std::vector<std::string>& faults) const;
  void CheckMember(const Json& schema, const std::string& key, const Json& value,
                   const std::string& path, std::vector<std::string>& faults) const;
  bool Fits(const Json& schema, const Json& value) const;

  Json root_;
};

}  // namespace postrider
