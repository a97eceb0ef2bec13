using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(
    name = "suite",
    worker = (
      modules = [
        (name = "workerd.js", esModule = embed "../workerd.js"),
        (name = "vectors.json", json = embed "../vectors.json"),
      ],
      bindings = [(name = "backends", json = "[\"node\",\"webcrypto\",\"noble\"]")],
      compatibilityDate = "2026-11-01",
    ),
  )],
);
