#include "preamble.h"

namespace postrider {
namespace {

constexpr std::string_view kNotSupported = "0A000";
constexpr std::string_view kNoRight = "42501";

}  // namespace

std::string Preamble::Text(milliseconds limit) const {
  std::string text = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
  text += writes_ ? ", READ WRITE; " : "; ";
  // To what it is without SET, which may have been given by ALTER ROLE ... SET role.
  if (resets_role_) text += "SET LOCAL role TO DEFAULT; ";
  return text + "SET LOCAL statement_timeout = " + std::to_string(limit.count()) + "; ";
}

bool Preamble::Learn(std::string_view sqlstate) {
  if (sqlstate == kNotSupported && writes_) {
    writes_ = false;
    return true;
  }
  if (sqlstate == kNoRight && !resets_role_) {
    resets_role_ = true;
    return true;
  }
  return false;
}

}  // namespace postrider
