#include "state_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "scratch_file.h"

namespace postrider::partners {
namespace {

using nlohmann::json;

TEST(StateFileTest, GivesRecordsBackInTheirOrder) {
  const ScratchFile scratch;
  {
    StateFile file(scratch.path());
    EXPECT_TRUE(file.earlier().empty());
    file.Append(json{{"n", 1}});
    file.Append(json{{"n", 2}});
  }
  StateFile file(scratch.path());
  ASSERT_EQ(file.earlier().size(), 2U);
  EXPECT_EQ(file.earlier()[1]["n"], 2);
}

TEST(StateFileTest, LeavesOutALineThatIsCutOff) {
  const ScratchFile scratch;
  std::ofstream(scratch.path()) << "{\"n\": 1}\n{\"n\": ";
  StateFile(scratch.path()).Append(json{{"n", 3}});
  const StateFile file(scratch.path());
  ASSERT_EQ(file.earlier().size(), 2U);
  EXPECT_EQ(file.earlier()[1]["n"], 3);
}

TEST(StateFileTest, KeepsNothingWithoutAPath) {
  StateFile file("");
  file.Append(json{{"n", 1}});
  EXPECT_TRUE(file.earlier().empty());
}

TEST(StateFileTest, ThrowsWhenItCannotBeWritten) {
  EXPECT_THROW(StateFile("/nonexistent/state"), std::runtime_error);
}

}  // namespace
}  // namespace postrider::partners
