// A module that throws what no words can be made of.
throw Object.create(null);
