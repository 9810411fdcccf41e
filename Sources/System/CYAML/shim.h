/* libyaml 0.2. */
#pragma once
#include <yaml.h>
