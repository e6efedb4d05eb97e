import DRKit
import Foundation
import Glibc

/// What an administrator writes: the configuration, and a secret's file.
package enum SiteParsers {
  package static let all = [configuration, secret]

  private static let good = """
    state: drkit.sqlite
    engine:
      url: https://engine.example.org/ovirt-engine/api
      ca: ca.pem
      user: admin@internal
      password: { file: engine.password }
    domains:
      - name: vms
        primary: { volume: data, access: ssh, host: a1, ssh-user: root, agent: true, agent-rate: 200MiB/s }
        destinations:
          - { name: dr, host: b1, volume: data-dr, session-user: root }
    policy:
      on-snapshot-failure: leave-out
      concurrency: 5
      merge-limit: 30m
      overlay-reserve: 5
      verify: { sampled: 64 }
      start-lead: 5s

    """

  static let configuration = FuzzedParser("configuration", [good]) { bytes in
    _ = try ConfigurationReader.parse(String(decoding: bytes, as: UTF8.self), file: "/etc/drkit/drkit.yaml")
  }

  static let secret = FuzzedParser("secret-file", share: 20, ["s3cret\n", "s3cret\nrest\n"]) { bytes in
    let path = NSTemporaryDirectory() + "/drkit-secret-\(getpid())"
    guard
      FileManager.default.createFile(
        atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    else { throw FuzzedFlaw("no file can be made at \(path)") }
    defer { unlink(path) }
    let found = try SecretReference.file(path).resolve()
    if found.isEmpty { throw FuzzedFlaw("an empty secret") }
  }
}
