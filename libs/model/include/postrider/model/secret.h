#pragma once

#include <functional>
#include <string>
#include <variant>

namespace postrider {

/// Where a secret is kept. The value itself is never part of the settings, so it can be neither
/// printed nor logged by accident.
struct Secret {
  enum class Source { kEnvironment, kFile };
  Source source = Source::kEnvironment;
  std::string name;  ///< of the environment variable, or the path of the file

  friend bool operator==(const Secret&, const Secret&) = default;
};

/// A header's or field's value: text, in which nothing is expanded, or a secret.
using HeaderValue = std::variant<std::string, Secret>;

/// Gives the present value of a secret; re-reads a file that has changed. Throws std::runtime_error
/// that names the secret (never its value) when it cannot be had. Callable from any thread.
using SecretResolver = std::function<std::string(const Secret&)>;

}  // namespace postrider
