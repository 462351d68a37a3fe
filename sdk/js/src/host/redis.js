export * from "fermyon:spin/redis@2.0.0";
