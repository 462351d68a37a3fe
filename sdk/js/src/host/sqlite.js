export * from "fermyon:spin/sqlite@2.0.0";
