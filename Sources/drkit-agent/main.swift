import Agent
import Glibc

// On a node that also runs machines, they go first.
_ = nice(10)
exit(AgentProgram.run(Array(CommandLine.arguments.dropFirst())))
