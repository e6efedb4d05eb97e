/// The one place that says which drkit this is: `drctl --version`, and by it the package's name.
enum Version {
  static let text = "0.1.0"
}
