using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(
    name = "suite",
    worker = (
      modules = [
        (name = "workerd.js", esModule = embed "../workerd.js"),
        (name = "vectors.json", json = embed "../vectors.json"),
      ],
      bindings = [(name = "backends", json = "[\"webcrypto\",\"noble\"]")],
      compatibilityDate = "2024-01-01",
    ),
  )],
);
