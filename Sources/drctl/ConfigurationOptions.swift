import ArgumentParser
import DRKit
import Site

struct ConfigurationOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The configuration file.")
  var config = "/etc/drkit/drkit.yaml"

  @Flag(help: "Print JSON.")
  var json = false

  func read() throws(DRError) -> Configuration { try ConfigurationReader.read(path: config) }
}

extension Configuration {
  func domain(_ name: String) throws(DRError) -> ProtectedDomain {
    guard let domain = domains.first(where: { $0.name == name }) else {
      let known = domains.map(\.name).joined(separator: ", ")
      throw DRError(
        .unfit, "find the storage domain", name, reason: "it is not in the configuration",
        remedy: "configured: \(known)")
    }
    return domain
  }
}
