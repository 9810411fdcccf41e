#pragma once
#include "allocation_count.h"
