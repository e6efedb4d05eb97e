#include "CSimulatorHook.h"
